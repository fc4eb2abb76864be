/* SPDX-License-Identifier: GPL-2.0 */
/* Without these spatch skips the whole function around them. */
#define scoped_guard YACFE_ITERATOR
