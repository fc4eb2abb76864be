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
/* udmabuf maps page by page, and each is bounced by itself */
#define UDMABUF_MAPS_PAGES	0
/* MMAP buffers need not be coherent */
#define NON_COHERENT_BUFFERS	1
#define MEMORY_NON_COHERENT	V4L2_MEMORY_FLAG_NON_COHERENT
#define CREATE_FLAGS(value)	.flags = (value),
/* A write fault on a page of a huge one that is mapped in parts copies it */
#define HUGE_PAGES_ARE_COPIED	0

#endif
