#!/bin/sh
# How a job of Slurm is, in one word; REPLACE for other schedulers (qstat, bjobs).
case $(squeue --noheader --states=all --format=%T --jobs="$1") in
    COMPLETED) echo success ;;
    BOOT_FAIL | CANCELLED | DEADLINE | FAILED) echo failed ;;
    NODE_FAIL | OUT_OF_MEMORY | PREEMPTED | TIMEOUT) echo failed ;;
    *) echo running ;; # or waiting, or the scheduler does not answer for a moment
esac
