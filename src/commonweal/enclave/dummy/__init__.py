"""Made-up data: what a release under a permit will look like, from permit and catalogue alone.

No patient's record is near: only what the permit asks for, what the catalogue says of it, and the
figures that were published with the catalogue. A study written on it runs on the release unchanged.
"""

from commonweal.enclave.dummy.making import Made, make
from commonweal.enclave.dummy.packing import zipped
from commonweal.enclave.dummy.writing import write

__all__ = ["Made", "make", "write", "zipped"]
