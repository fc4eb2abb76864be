# SPDX-License-Identifier: GPL-2.0
# Namespaces are named without quotes before 6.13
s,^MODULE_IMPORT_NS("\(.*\)");$,MODULE_IMPORT_NS(\1);,
