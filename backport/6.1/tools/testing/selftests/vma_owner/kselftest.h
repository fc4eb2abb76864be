/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kselftest.h of 7.3 offers and that of 6.1 does not. No -I finds that.
 */
#ifndef VMA_OWNER_KSELFTEST_H
#define VMA_OWNER_KSELFTEST_H

#include "../kselftest.h"

/* For warnings only */
#define __printf(a, b)
#define __noreturn	_Noreturn

#endif
