"""Downloads over https and nothing else."""

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry


def https_session() -> requests.Session:
    """A session that cannot speak http, whatever a redirect asks for.

    A request that leads to http raises `requests.exceptions.InvalidSchema` before anything is sent. Few attempts at
    connecting: without network the answer should not take long.
    """
    retry = Retry(total=5, connect=1, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504))
    session = requests.Session()
    session.adapters.clear()
    session.mount("https://", HTTPAdapter(max_retries=retry))
    return session
