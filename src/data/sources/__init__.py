"""Where labelled images come from, one module per kind of source."""

from src.core.errors import ConfigError
from src.data.options import ArchiveOptions, CocoJsonOptions, DataOptions, SyntheticOptions, YoloOptions
from src.data.sample import Source


def source_for(options: DataOptions) -> Source:
    """The source that `options` describe."""
    # Each brings its own libraries: a training on prepared data should not wait for any of them.
    if isinstance(options, SyntheticOptions):
        from src.data.sources.synthetic import SyntheticSource

        return SyntheticSource(options)
    if isinstance(options, ArchiveOptions):
        from src.data.sources.archive import ArchiveSource

        return ArchiveSource(options)
    if isinstance(options, YoloOptions):
        from src.data.sources.yolo import YoloSource

        return YoloSource(options)
    if isinstance(options, CocoJsonOptions):
        from src.data.sources.coco_json import CocoJsonSource

        return CocoJsonSource(options)
    raise ConfigError(f"no source knows what to do with {type(options).__name__}; choose one with data=NAME")
