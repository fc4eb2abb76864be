# SPDX-License-Identifier: GPL-2.0
# What our own files name otherwise on 6.12 and before. Namespaces are without quotes:
s,^MODULE_IMPORT_NS("\(.*\)");$,MODULE_IMPORT_NS(\1);,
s,mk_vma_flags(VMA_NORESERVE_BIT),VM_NORESERVE,
[6.12] s,timer_destroy_on_stack,destroy_timer_on_stack,
# the operations of the DMA API take pages
s,^\(\t\t\.\)map_phys\(\t*= vom_dma_map\)\,$,\1map_page\2_page\,,
s,^\(\t\t\.\)unmap_phys\(\t*= vom_dma_unmap\,\)$,\1unmap_page\2,
# whose debugging takes a page that is mapped twice for an error, nor are there tests of
# what maps the ranges of a dma-buf
/^CONFIG_DMA_API_DEBUG=y$/d
/^CONFIG_DMABUF_KUNIT_TEST=y$/d
# a static importer of what may move is mapped for both directions
/^\tKUNIT_EXPECT_EQ(test, obj->sgt_dir, t->buf);$/d
s,^\tt->priv\.g2d_dev = dev;$,&\n\tt->priv.dma_dev = dev;,
# Debian's have no CMA: more than this is not to be had contiguous
s,^\(#define MEMORY_SIZE\t\)(8 \* 1024 \* 1024)$,\1(4 * 1024 * 1024),
[6.12] s,^\(CFLAGS += -Wall -O2 \)\(\$(KHDR_INCLUDES)\)$,\1-I.. \2,
