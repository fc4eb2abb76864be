/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kselftest.h of 7.3 offers and that of 5.10 does not.
 */
#ifndef VMA_OWNER_KSELFTEST_H
#define VMA_OWNER_KSELFTEST_H

#include "../kselftest.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

#ifndef __printf
#define __printf(a, b)		__attribute__((__format__(__printf__, a, b)))
#endif

#ifndef __noreturn
#define __noreturn		__attribute__((noreturn))
#endif

#define ksft_finished() \
	ksft_exit(ksft_plan == ksft_cnt.ksft_pass + ksft_cnt.ksft_xfail + \
		  ksft_cnt.ksft_xskip)

#endif
