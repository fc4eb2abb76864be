/* SPDX-License-Identifier: GPL-2.0 */
/* KUnit is no module where tests need this, so that nothing has to be exported */
#ifndef _KUNIT_VISIBILITY_H
#define _KUNIT_VISIBILITY_H

#define EXPORT_SYMBOL_IF_KUNIT(symbol)

#endif
