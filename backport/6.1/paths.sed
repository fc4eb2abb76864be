# SPDX-License-Identifier: GPL-2.0
# Folders that 6.1 has under other names
s,drivers/accel/habanalabs,drivers/misc/habanalabs,g
