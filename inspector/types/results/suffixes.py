"""The suffixes of files, by what is in them."""

from __future__ import annotations

TABLE, DOCUMENT, PAGE = (".csv",), (".json",), (".html",)
ONE_ARRAY, ARRAYS = (".npy",), (".npz",)
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")

KNOWN = (*TABLE, *DOCUMENT, *PAGE, *ONE_ARRAY, *ARRAYS, *PICTURES)
