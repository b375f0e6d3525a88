# SPDX-License-Identifier: GPL-2.0
"""The HTML page that `make report` writes."""
