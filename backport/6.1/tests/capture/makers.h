/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What makers of memory do on 6.1.
 */
#ifndef _MAKERS_H
#define _MAKERS_H

/* The system heap allocates page by page, and not in larger pieces first */
#define SYSTEM_HEAP_SCATTERS	0
/* udmabuf takes memfds of huge pages, also of such as nobody touched yet */
#define UDMABUF_TAKES_HUGETLB	0
/* udmabuf syncs the mappings of its importers, and not only one of its own */
#define UDMABUF_SYNCS_IMPORTERS	0
/* A write fault on a page of a huge one that is mapped in parts copies it */
#define HUGE_PAGES_ARE_COPIED	0

#endif
