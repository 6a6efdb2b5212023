"""Data sets in the form that training needs: sources, checks, splits and the manifest.

`src.data.build.ensure_prepared` is the way in, `src.data.prepared.PreparedData` what comes out.
"""
