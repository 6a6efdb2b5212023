"""How fast a model is, as the stage evaluate leaves it for the stages after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from src.core.interval import Interval
from src.documents.document import Document


class Backend(StrEnum):
    """What runs a model."""

    PYTORCH = "pytorch"
    ONNX = "onnx"


@dataclass(frozen=True)
class Percentiles:
    """Percentiles of a duration in milliseconds.

    Attributes:
        p50: The median.
        p95: 95 % of the runs are as fast.
        p99: 99 % of the runs are as fast.
    """

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class RuntimeLatency:
    """How long one image takes with one runtime.

    Attributes:
        preprocess_ms: Of the preparation of the image.
        inference_ms: Of the network.
        postprocess_ms: Of what makes boxes of its outputs.
        total_ms: Of all three together.
        p95_ms: The 95th percentile of the total, with an interval that allows for runs that follow each other being
            alike. What another hour or another load would give may lie outside of it.
        throughput_fps: Images a second, one after the other: the reciprocal of the mean; its interval likewise.
        images: How many were timed.
    """

    preprocess_ms: Percentiles
    inference_ms: Percentiles
    postprocess_ms: Percentiles
    total_ms: Percentiles
    p95_ms: Interval
    throughput_fps: Interval
    images: int


@dataclass(frozen=True)
class OnnxDifference:
    """The largest difference between the outputs of PyTorch and of the export, for the same pictures.

    Attributes:
        boxes_px: Of a box's centre, width or height in pixels of the input.
        scores: Of a score.
    """

    boxes_px: float
    scores: float


@dataclass(frozen=True)
class Latency(Document):
    """`latency.json` of the stage evaluate.

    Attributes:
        device: What PyTorch ran on; ONNX ran on the CPU.
        pytorch: With PyTorch.
        onnx: With ONNX Runtime; None where the model was not exported.
        onnx_difference: Likewise.
    """

    FILE: ClassVar[str] = "latency.json"
    STAGE: ClassVar[str] = "evaluate"
    VERSION: ClassVar[int] = 1

    device: str
    pytorch: RuntimeLatency
    onnx: RuntimeLatency | None
    onnx_difference: OnnxDifference | None

    def of(self, backend: Backend) -> RuntimeLatency | None:
        """With one runtime; None where it was not measured."""
        return self.pytorch if backend is Backend.PYTORCH else self.onnx

    def items(self) -> Iterator[tuple[Backend, RuntimeLatency]]:
        """The runtimes that were measured."""
        return ((backend, found) for backend in Backend if (found := self.of(backend)) is not None)

    def machine(self, backend: Backend) -> str:
        """What a runtime was timed on."""
        return "the CPU" if backend is Backend.ONNX and not self.device.startswith("cpu") else self.device
