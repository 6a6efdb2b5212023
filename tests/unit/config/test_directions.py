from src.config import frozen


def direction(*overrides):
    return frozen.composed(overrides).hydra.sweeper.direction


def test_a_search_knows_in_which_direction_its_objective_is_better():
    assert direction() == "maximize"
    assert direction("train.objective=latency_ms") == "minimize"
    assert direction("train.objective=[deployed/F1,model/gflops]") == ["maximize", "minimize"]


def test_what_is_said_wins():
    assert direction("train.objective=my.module.f", "hydra.sweeper.direction=minimize") == "minimize"


def test_constraints_can_be_given_on_the_command_line():
    given = frozen.composed(['train.constraints={latency_ms:"<= 30",deployed/recall:">= 0.5"}'])
    assert given.train.constraints == {"latency_ms": "<= 30", "deployed/recall": ">= 0.5"}
