/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's trace events say of it.
 */
#ifndef _TRACE_H
#define _TRACE_H

/*
 * Empties the trace, and fills it with "SYSTEM/EVENT" as far as @filter lets it. 0, or
 * an errno negated: -ENOENT if the kernel does not have the event.
 */
int trace_begin(const char *event, const char *filter);
/* In how many lines of it is @text? */
int trace_end(const char *event, const char *text);

#endif
