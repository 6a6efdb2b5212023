"""The drawn data set as a source."""

from pathlib import Path

from src.data.images import save_jpeg
from src.data.labels import box_from_corners
from src.data.options import SyntheticOptions
from src.data.sample import Sample, SourceData
from src.data.synthetic.scene import draw_scene


class SyntheticSource:
    """Draws pictures of people."""

    def __init__(self, options: SyntheticOptions) -> None:
        self._options = options

    def read(self, work: Path) -> SourceData:
        """Draw all pictures into `work`."""
        samples = tuple(self._draw(work, index) for index in range(self._options.images))
        return SourceData(("person",), samples, {"seed": self._options.seed, "side_px": self._options.side})

    def _draw(self, work: Path, index: int) -> Sample:
        side = self._options.side
        scene = draw_scene(self._options.seed, index, side)
        name = f"{index:06d}.jpg"
        save_jpeg(scene.picture, work / name)
        boxes = tuple(box_from_corners(0, *(float(edge) / side for edge in corners)) for corners in scene.boxes_xyxy)
        return Sample(name, work / name, boxes)
