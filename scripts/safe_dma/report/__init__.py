# SPDX-License-Identifier: GPL-2.0
"""The page that `make report` writes, a file for each part of it."""
