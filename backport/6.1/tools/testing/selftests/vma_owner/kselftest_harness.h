/* SPDX-License-Identifier: GPL-2.0 */
/*
 * There is no -I for it.
 */
#include "../kselftest_harness.h"
