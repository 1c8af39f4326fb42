import subprocess
import sys

import pytest

from econnet import forecast
from econnet.forecast import country


def test_make_is_the_function_of_country() -> None:
    assert forecast.make is country.make
    with pytest.raises(AttributeError, match="has no attribute 'mak'"):
        forecast.mak  # noqa: B018 - the access is the test


def test_package_imports_pandas_only_with_make() -> None:
    program = (
        "import sys; from econnet import forecast; assert 'pandas' not in sys.modules; "
        "forecast.make; assert 'pandas' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
