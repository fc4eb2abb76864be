# SPDX-License-Identifier: GPL-2.0
# Folders that 5.10 has under other names
s,Documentation/mm\>,Documentation/vm,g
