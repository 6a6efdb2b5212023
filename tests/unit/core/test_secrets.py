import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError
from src.core.secrets import (
    adopt_tracking_credentials,
    check_tracking_uri,
    command_line,
    has_password,
    refuse_secrets,
    without_credentials,
)

PASSWORD = "hunter2"
PASSWORDS = st.text(string.ascii_letters + string.digits + "@:!$%&*+-_.~=#?/", min_size=1)


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        pytest.param("train.lr0=0.1", "train.lr0=0.1", id="a setting"),
        pytest.param("db.password=hunter2", "'db.password=***'", id="a password"),
        pytest.param("db.authToken=abc", "'db.authToken=***'", id="a name with a hump"),
        pytest.param("db.access_tokens=abc", "'db.access_tokens=***'", id="several"),
        pytest.param("model.max_tokens=256", "model.max_tokens=256", id="a number of words"),
        pytest.param("db.auth=true", "db.auth=true", id="a switch"),
        pytest.param("model.signature=wide", "model.signature=wide", id="a shape"),
        pytest.param("db.api-key=abc", "'db.api-key=***'", id="a name with a hyphen"),
        pytest.param("train.cls_pw=0.5", "train.cls_pw=0.5", id="a weight"),
        pytest.param("AWS_SECRET_ACCESS_KEY=abc", "'AWS_SECRET_ACCESS_KEY=***'", id="a key"),
        pytest.param("hydra.job.env_set.PGPASSWORD=abc", "'hydra.job.env_set.PGPASSWORD=***'", id="a variable"),
        pytest.param("db.password=${oc.env:PW,abc}", "'db.password=***'", id="a default"),
        pytest.param("storage=postgresql://me:pw@host/db", "'storage=postgresql://***@host/db'", id="a URL"),
        pytest.param("data.tokens_per_image=3", "data.tokens_per_image=3", id="a word that only begins like one"),
    ],
)
def test_secrets_are_hidden_in_a_command_line(argument, shown):
    """Values of password-like settings and credentials in URLs."""
    assert command_line(["python", argument]) == f"python {shown}"


@pytest.mark.parametrize(
    "url",
    ["sqlite:///mlflow.db", "http://127.0.0.1:5000", "http://127.0.0.1:5000/a@2", "https://host/path@2", "a@b.org"],
)
def test_urls_without_credentials_stay_as_they_are(url):
    """Only what stands before an @ and the path is taken for credentials."""
    assert without_credentials(url) == url
    assert not has_password(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("postgresql://u:Kq/ss3cret@host/db", "postgresql://***@host/db", id="a slash"),
        pytest.param("postgresql://u:p@ss/w@host/db", "postgresql://***@host/db", id="an at and a slash"),
        pytest.param(
            "postgresql://host/db?user=u&password=abc", "postgresql://host/db?user=u&password=***", id="query"
        ),
        pytest.param("https://host/x?access_token=abc#f", "https://host/x?access_token=***#f", id="a token"),
        pytest.param(
            "https://host/x?X-Amz-Signature=abc&e=1", "https://host/x?X-Amz-Signature=***&e=1", id="a signature"
        ),
        pytest.param("postgresql://u:pa ss@host/db", "postgresql://***@host/db", id="a space"),
        pytest.param(
            "mssql+pyodbc:///?odbc_connect=UID%3Du%3BPWD%3Dabc",
            "mssql+pyodbc:///?odbc_connect=***",
            id="within a value",
        ),
        pytest.param("postgresql://host/db?user=u;password=abc", "postgresql://host/db?user=***", id="a semicolon"),
        pytest.param("https://me:pw@host/path@2", "https://***@host/path@2", id="an at in the path"),
    ],
)
def test_a_password_is_found_wherever_a_url_may_hold_it(url, shown):
    """As SQLAlchemy reads it, and in the query."""
    assert has_password(url)
    assert without_credentials(url) == shown


@given(user=st.text(string.ascii_letters, min_size=1), password=PASSWORDS)
def test_no_password_survives_in_a_url(user, password):
    """Whatever it is made of."""
    url = f"see postgresql+psycopg://{user}:{password}@host:5432/db for more"
    assert has_password(url)
    assert without_credentials(url) == "see postgresql+psycopg://***@host:5432/db for more"


@pytest.mark.parametrize(
    ("argument", "remedy"),
    [
        pytest.param(
            f"hydra.sweeper.storage=postgresql://me:{PASSWORD}@host/db", "PGPASSWORD", id="the study's storage"
        ),
        pytest.param(f"tracking.uri=https://me:{PASSWORD}@host", "MLFLOW_TRACKING_PASSWORD", id="the tracking server"),
        pytest.param(f"+hydra.job.env_set.AWS_SECRET_ACCESS_KEY={PASSWORD}", "oc.env:NAME", id="a variable of the job"),
        pytest.param(
            f"tracking.uri='${{oc.env:URI,http://me:{PASSWORD}@host}}'", "MLFLOW_TRACKING_PASSWORD", id="a default"
        ),
    ],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(argument, remedy):
    with pytest.raises(ConfigError, match="holds a secret") as refusal:
        refuse_secrets(["train.lr0=0.1", argument])
    assert remedy in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


@pytest.mark.parametrize(
    "argument",
    [
        pytest.param("hydra.sweeper.storage=postgresql://me@host/db", id="a user without password"),
        pytest.param("hydra.sweeper.storage='${oc.env:OPTUNA_STORAGE}'", id="a variable"),
        pytest.param("db.password=${oc.env:PGPASSWORD}", id="a variable of a password-like setting"),
        pytest.param("db.password=null", id="no password"),
        pytest.param("model.trust_pickle=true", id="a setting"),
        pytest.param("--multirun", id="an option"),
    ],
)
def test_what_holds_no_secret_is_not_refused(argument):
    assert refuse_secrets([argument]) is None


def test_credentials_of_the_tracking_server_move_to_variables_of_their_own():
    """The URI can then be shown, and MLflow's client finds them nevertheless."""
    environment = {"MLFLOW_TRACKING_URI": "https://me:p%40ss@host:5000/mlflow"}
    adopt_tracking_credentials(environment)
    assert environment == {
        "MLFLOW_TRACKING_URI": "https://host:5000/mlflow",
        "MLFLOW_TRACKING_USERNAME": "me",
        "MLFLOW_TRACKING_PASSWORD": "p@ss",
    }


@pytest.mark.parametrize(
    "uri",
    [
        pytest.param("http://127.0.0.1:5000", id="none in it"),
        pytest.param("sqlite:///mlflow.db", id="no server"),
    ],
)
def test_a_tracking_uri_without_credentials_stays(uri):
    environment = {"MLFLOW_TRACKING_URI": uri}
    adopt_tracking_credentials(environment)
    assert environment == {"MLFLOW_TRACKING_URI": uri}


def test_a_tracking_uri_with_a_password_is_refused_and_not_repeated():
    """It can still come from a file of the configuration, or of a worker's own environment."""
    with pytest.raises(ConfigError, match=r"https://\*\*\*@host") as refusal:
        check_tracking_uri(f"https://me:{PASSWORD}@host")
    assert PASSWORD not in str(refusal.value)
