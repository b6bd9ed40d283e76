"""What solvers and grids are called on figures and in the report, by their name in settings."""

SOLVERS = {
    "ddim": "DDIM",
    "dpm_solver_pp": "DPM-Solver++",
    "sde_dpm_solver_pp": "SDE-DPM-Solver++",
    "deis": "DEIS",
    "unipc": "UniPC",
    "heun": "Heun",
    "predictor_corrector": "predictor-corrector",
    "euler_maruyama": "Euler-Maruyama",
    "probability_flow": "probability flow",
}
# Where the steps are.
GRIDS = {
    "uniform_t": "even in t",
    "quadratic_t": "even in √t",
    "log_snr": "even in log SNR",
    "edm": "on EDM's grid",
}
