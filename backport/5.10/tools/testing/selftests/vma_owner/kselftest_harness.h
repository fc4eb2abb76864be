/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 5.10 has no -I for it.
 */
#include "../kselftest_harness.h"
