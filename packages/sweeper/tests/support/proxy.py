"""A gRPC storage proxy in a thread of the test."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from optuna.storages import BaseStorage
from optuna.storages._grpc import servicer
from optuna.storages._grpc.auto_generated import api_pb2_grpc


@contextmanager
def proxy(storage: BaseStorage) -> Iterator[str]:
    """Serve a storage; gives the address for `hydra.sweeper.storage`."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    api_pb2_grpc.add_StorageServiceServicer_to_server(servicer.OptunaStorageProxyService(storage), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"grpc://127.0.0.1:{port}"
    finally:
        server.stop(grace=None).wait()
