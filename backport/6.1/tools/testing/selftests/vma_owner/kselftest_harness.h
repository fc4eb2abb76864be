/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 6.1 has no -I for it.
 */
#include "../kselftest_harness.h"
