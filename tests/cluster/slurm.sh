#!/bin/bash
# A Slurm of this machine alone, for tests: one node, a pretended GPU, no accounting.
#
#     tests/cluster/slurm.sh start FOLDER    install what is missing and start; FOLDER has the logs
#     tests/cluster/slurm.sh stop FOLDER     end the daemons, remove the configuration
#
# Needs root, on Debian (tried with version 12), and a machine without a Slurm of its own. The
# packages stay installed.
set -euo pipefail

PACKAGES="slurmctld slurmd slurm-client munge"
SETTINGS=/etc/slurm # must be here: job steps do not inherit where another place is named
MARK="# made by bdiff's tests/cluster/slurm.sh"

refuse() {
    echo "slurm.sh: $1" >&2
    exit 2
}

is_ours() {
    grep -qsF "$MARK" $SETTINGS/slurm.conf
}

install_packages() {
    # shellcheck disable=SC2086 # a list
    dpkg -s $PACKAGES >/dev/null 2>&1 && return
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $PACKAGES
}

write_settings() {
    local host
    host=$(hostname -s)
    # Memory is pretended (config_overrides): jobs ask for more than the test overlay uses. Jobs
    # that have ended stay known (MinJobAge), for the test to look at.
    cat >$SETTINGS/slurm.conf <<END
$MARK
ClusterName=bdiff
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3000
StateSaveLocation=$FOLDER/state
SlurmdSpoolDir=$FOLDER/spool
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd.pid
SlurmctldLogFile=$FOLDER/slurmctld.log
SlurmdLogFile=$FOLDER/slurmd.log
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=32000 Gres=gpu:1
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
    cat >$SETTINGS/gres.conf <<END
NodeName=$host Name=gpu File=/dev/null
END
}

start() {
    [ "$(id -u)" = 0 ] || refuse "starting Slurm needs root; you are $(id -un)"
    command -v apt-get >/dev/null || refuse "needs Debian's packages, and there is no apt-get here"
    if [ -e $SETTINGS/slurm.conf ] && ! is_ours; then
        refuse "$SETTINGS/slurm.conf is of another Slurm; use a machine without one"
    fi
    scontrol ping 2>/dev/null | grep -q UP && refuse "a Slurm runs already: $0 stop ITS_FOLDER"
    install_packages
    mkdir -p "$FOLDER/state" "$FOLDER/spool" $SETTINGS
    write_settings
    if ! munge -n >/dev/null 2>&1; then
        install -d -o munge -g munge -m 0755 /run/munge
        runuser -u munge -- /usr/sbin/munged --pid-file=/run/munge/bdiff-tests.pid
    fi
    slurmctld
    slurmd
    for _ in $(seq 60); do
        [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && return 0
        sleep 0.5
    done
    tail -n 20 "$FOLDER"/*.log >&2
    refuse "the node is not idle after 30 s; its logs are above"
}

end_process() {
    [ -e "$1" ] || return 0
    local pid
    pid=$(cat "$1")
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 60); do
        case $(ps -o stat= -p "$pid") in Z* | "") return 0 ;; esac
        sleep 0.5
    done
    kill -9 "$pid"
}

stop() {
    is_ours && scancel --user=root 2>/dev/null || true
    for daemon in "$FOLDER/slurmd.pid" "$FOLDER/slurmctld.pid" /run/munge/bdiff-tests.pid; do
        end_process "$daemon"
    done
    if is_ours; then rm -f $SETTINGS/slurm.conf $SETTINGS/gres.conf; fi
}

[ $# = 2 ] || refuse "usage: $0 start|stop FOLDER"
FOLDER=$(realpath -m "$2")
case $1 in
    start | stop) $1 ;;
    *) refuse "unknown command $1; it is start or stop" ;;
esac
