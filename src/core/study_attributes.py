"""Every attribute that the project writes to Optuna's storage, beside those of the sweeper, with its type.

Trials and studies outlive the program that made them, so that a name once written stays.
"""

# user attributes of trials
METRICS = "metrics"  # dict[str, float]: the final metrics
UNTRAINED = "untrained"  # dict[str, float]: the same of the weights that the training started from
FLAGS = "flags"  # list[str]: what a reader of the metrics has to know
FLAG_MESSAGES = "flag_messages"  # list[str]: a sentence for each flag
WEIGHTS = "weights"  # str: the file of the best weights
RECORDS = "records"  # str: the file of the detections on val
BASELINE_RECORDS = "baseline_records"  # str: those of the weights that the training started from
DEPLOYED_RECORDS = "deployed_records"  # str: the file of the detections on val as deployed; where an objective asks
BASELINE_DEPLOYED_RECORDS = "baseline_deployed_records"  # str: likewise of the starting weights
DEPLOYED_TEST_RECORDS = "deployed_test_records"  # str: as deployed on test; of trainings that confirm a setting
BASELINE_DEPLOYED_TEST_RECORDS = "baseline_deployed_test_records"  # str: likewise of the starting weights
# by split, the names of those of a training and of its starting weights
DEPLOYED = {
    "val": (DEPLOYED_RECORDS, BASELINE_DEPLOYED_RECORDS),
    "test": (DEPLOYED_TEST_RECORDS, BASELINE_DEPLOYED_TEST_RECORDS),
}
TEST_RECORDS = "test_records"  # str: the file of the detections on test; of trainings that confirm a setting
BASELINE_TEST_RECORDS = "baseline_test_records"  # str: likewise of the starting weights
OPTIMIZER_STEPS = "optimizer_steps"  # int

# user attributes of trials and of studies
RUN_ID = "mlflow_run_id"  # str: the run in MLflow, or its provisional key

# user attributes of studies
TRACKING_URI = "mlflow_tracking_uri"  # str: the store that has the run
COMPARISON_URL = "mlflow_comparison_url"  # str: the page of that store that compares the trials
CONFIRMS = "confirms"  # dict: `study` and `trial` whose setting this study trains again
CONFIRMATION = "confirmation"  # dict: the content of `confirmation.json`, the study's last one
