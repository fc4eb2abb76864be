/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Variants of fixtures: each allocator, each memory. After the harness.
 */
#ifndef _VARIANTS_H
#define _VARIANTS_H

/* s, of one test: a debug kernel takes several times as long as others */
#define TIMEOUT		120
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	TIMEOUT

/* @fields: initialisers of what the variant has beside its node */
#define ON_NODE(fixture, memops, name, fields...)			\
	FIXTURE_VARIANT_ADD(fixture, name) { .node = memops, fields }

#define ON_CONTIG_AND_SG(fixture, name, fields...)			\
	ON_NODE(fixture, NODE_CONTIG, contig_##name, fields);		\
	ON_NODE(fixture, NODE_SG, sg_##name, fields)

#define ON_EACH_NODE(fixture, name, fields...)				\
	ON_CONTIG_AND_SG(fixture, name, fields);			\
	ON_NODE(fixture, NODE_VMALLOC, vmalloc_##name, fields)

/* For fixtures whose variants are the nodes */
#define ON_NODES(fixture)						\
	ON_NODE(fixture, NODE_CONTIG, contig);				\
	ON_NODE(fixture, NODE_SG, sg);					\
	ON_NODE(fixture, NODE_VMALLOC, vmalloc)

#define ON_EACH_NODE_AND_PLACE(fixture)					\
	ON_EACH_NODE(fixture, vb2_contig, .place = PLACE_VB2_CONTIG);	\
	ON_EACH_NODE(fixture, vb2_non_coherent, .place = PLACE_VB2_NON_COHERENT); \
	ON_EACH_NODE(fixture, vivid, .place = PLACE_VIVID);		\
	ON_EACH_NODE(fixture, system_heap, .place = PLACE_SYSTEM_HEAP);	\
	ON_EACH_NODE(fixture, cma_heap, .place = PLACE_CMA_HEAP);	\
	ON_EACH_NODE(fixture, udmabuf, .place = PLACE_UDMABUF);		\
	ON_EACH_NODE(fixture, udmabuf_scattered, .place = PLACE_UDMABUF_SCATTERED); \
	ON_EACH_NODE(fixture, extents, .place = PLACE_EXTENTS);		\
	ON_EACH_NODE(fixture, extents_scattered, .place = PLACE_EXTENTS_SCATTERED); \
	ON_EACH_NODE(fixture, extents_vmap, .place = PLACE_EXTENTS_VMAP); \
	ON_EACH_NODE(fixture, anonymous, .place = PLACE_ANONYMOUS);	\
	ON_EACH_NODE(fixture, anonymous_scattered, .place = PLACE_ANONYMOUS_SCATTERED); \
	ON_EACH_NODE(fixture, hugetlb, .place = PLACE_HUGETLB);		\
	ON_EACH_NODE(fixture, memfd, .place = PLACE_MEMFD);		\
	ON_EACH_NODE(fixture, memfd_scattered, .place = PLACE_MEMFD_SCATTERED)

#endif
