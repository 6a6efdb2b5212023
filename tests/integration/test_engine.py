"""What loading Ultralytics must not change for the rest of the process."""

import pytest
from PIL import Image, UnidentifiedImageError

pytestmark = pytest.mark.integration


def test_a_file_that_is_no_image_is_still_refused_by_pil(tmp_path):
    """Ultralytics' own version would try to install a package instead."""
    from src.detector import engine  # noqa: F401 - what is tested is what importing it does

    (tmp_path / "a.png").write_text("hello")
    with pytest.raises(UnidentifiedImageError):
        Image.open(tmp_path / "a.png")
