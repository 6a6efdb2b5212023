"""Every attribute that the sweeper writes to Optuna's storage, with its type.

Trials and studies outlive the program that made them, so that a name once written stays. Attributes of the task's own
(`current_trial().set_user_attr`) stand beside these.
"""

# user attributes of trials
RETRY_OF = "retry_of"  # int: the number of the trial that this one repeats
RETRIES = "retries"  # int: how many trials with these parameters ended by a fault that counts
OVERRIDES = "retry_overrides"  # list[str]: overrides that a repeated trial gets on top
DUE = "retry_due"  # dict: RETRIES and OVERRIDES of the repetition; written before the trial is told as failed
REASON = "fail_reason"  # str: why it failed, for a person to read
ENDING = "ending"  # str: the name of an `Ending`; only on failed trials
WORKER = "worker"  # str: host, process and slot that run it, as `host:pid:slot`
FOLDER = "folder"  # str: the job's output folder
SECONDS = "task_seconds"  # float: how long the task took, without the start of its process; all replicates together
STEPS = "steps"  # int: how many steps the task is going to take; written by the task that wants it shown
STEP = "step"  # int: the last one, written by a task that does not report a value for each step
LOG_TAIL = "log_tail"  # str: the last lines that a failed trial printed
REPLICATES = "replicates"  # dict[str, list[float]]: the values of each replicate, by its override
REPLICATE = "replicate"  # str: the override that a trial was run with, where only the leaders are repeated
REPLICATE_OF = "replicate_of"  # int: the number of the trial whose parameters it runs again, with another override
REPLICATES_STD = "replicates_std"  # list[float]: sample standard deviation of each objective between replicates

# system attributes of trials
LEASE = "lease"  # dict: machine, pid and its start, slot as [run, number], beat (signs of life); see `study.leases`
FIXED_PARAMS = "fixed_params"  # dict: Optuna's own name for the parameters of a trial in the queue

# user attributes of studies
ENQUEUED = "enqueued"  # list[dict]: the points that were put in the queue
RUNS = "runs"  # int: how often a controller has started on it
SPACE = "search_space"  # dict: as `space.changes.describe_space` writes it
SAMPLER = "sampler"  # str: the class that drew last
