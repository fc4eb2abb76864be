/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What makers of memory do on 5.10.
 */
#ifndef _MAKERS_H
#define _MAKERS_H

/* The system heap allocates page by page, and not in larger pieces first */
#define SYSTEM_HEAP_SCATTERS	1
/* udmabuf takes memfds of huge pages, and not only of small ones */
#define UDMABUF_TAKES_HUGETLB	0
/* udmabuf maps page by page, and each is bounced by itself */
#define UDMABUF_MAPS_PAGES	0
/* MMAP buffers are coherent */
#define NON_COHERENT_BUFFERS	0
#define MEMORY_NON_COHERENT	0
#define CREATE_FLAGS(value)
/* A write fault on a page of a huge one that is mapped in parts copies it */
#define HUGE_PAGES_ARE_COPIED	1

#endif
