/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two importers that are not coherent, for KUnit tests of exporters of dma-bufs.
 *
 * An exporter of memory that the CPU caches has to sync what each of its importers
 * has mapped, in begin_cpu_access and end_cpu_access. Give a dma-buf of VOM_SIZE
 * to vom_import() and call the cases: the devices and the CPU, by turns, write
 * and read frames in the same buffer, and see by vma_owner_dma.h what is whose.
 */
#ifndef _KUNIT_VMA_OWNER_DMA_BUF_H
#define _KUNIT_VMA_OWNER_DMA_BUF_H

#include <kunit/device.h>
#include <kunit/vma_owner_dma.h>
#include <linux/dma-buf.h>

#define VOM_FRAMES	3

struct vom_importers {
	struct kunit			*test;
	struct dma_buf			*dmabuf;
	struct device			*dev[VOM_DEVICES];
	struct dma_buf_attachment	*at[VOM_DEVICES];
	struct sg_table			*sgt[VOM_DEVICES];
	enum dma_data_direction		dir[VOM_DEVICES];
	struct page			*pages[VOM_PAGES];
};

static inline void vom_importer_map(struct vom_importers *im, unsigned int i,
				    enum dma_data_direction dir)
{
	im->dir[i] = dir;
	im->sgt[i] = dma_buf_map_attachment_unlocked(im->at[i], dir);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(im->test, im->sgt[i]);
}

static inline void vom_importer_unmap(struct vom_importers *im, unsigned int i)
{
	dma_buf_unmap_attachment_unlocked(im->at[i], im->sgt[i], im->dir[i]);
}

/* These devices see memory where it is, and tables need have no pages */
static inline void vom_importer_find(struct vom_importers *im)
{
	unsigned int i, n = 0;
	struct scatterlist *sg;
	dma_addr_t at;

	vom_importer_map(im, 0, DMA_TO_DEVICE);
	for_each_sgtable_dma_sg(im->sgt[0], sg, i)
		for (at = sg_dma_address(sg);
		     n < VOM_PAGES && at < sg_dma_address(sg) + sg_dma_len(sg);
		     at += PAGE_SIZE)
			im->pages[n++] = pfn_to_page(PHYS_PFN(at));
	vom_importer_unmap(im, 0);
	KUNIT_ASSERT_EQ(im->test, n, VOM_PAGES);
}

/* Two devices import @dmabuf: if there can be any, see vom_dma_need() */
static inline void vom_import(struct kunit *test, struct dma_buf *dmabuf,
			      struct vom_importers *im)
{
	unsigned int i;

	im->test = test;
	im->dmabuf = dmabuf;
	for (i = 0; i < VOM_DEVICES; i++) {
		im->dev[i] = kunit_device_register(test, i ? "second" : "first");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, im->dev[i]);
		if (i)
			vom_dma_attach_second(im->dev[i]);
		else
			vom_dma_attach(im->dev[i]);
		KUNIT_ASSERT_EQ(test, 0,
				dma_coerce_mask_and_coherent(im->dev[i],
							     DMA_BIT_MASK(64)));
		im->at[i] = dma_buf_attach(dmabuf, im->dev[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, im->at[i]);
	}
	vom_importer_find(im);
	vom_dma_watch_pages(test, im->pages);
	vom_dma.drops = true;
}

/* They go, and nothing is left mapped */
static inline void vom_import_end(struct vom_importers *im)
{
	unsigned int i;

	for (i = 0; i < VOM_DEVICES; i++)
		dma_buf_detach(im->dmabuf, im->at[i]);
	KUNIT_EXPECT_TRUE(im->test, vom_dma_is_idle());
}

static inline void vom_begin(struct vom_importers *im,
			     enum dma_data_direction dir)
{
	KUNIT_EXPECT_EQ(im->test, dma_buf_begin_cpu_access(im->dmabuf, dir), 0);
}

static inline void vom_end(struct vom_importers *im, enum dma_data_direction dir)
{
	KUNIT_EXPECT_EQ(im->test, dma_buf_end_cpu_access(im->dmabuf, dir), 0);
}

/* Some of the buffer, by the CPU */
static inline size_t vom_im_access(struct vom_importers *im, unsigned long offset,
				   size_t len, u8 value, bool write)
{
	size_t n, bad = 0;

	for (; len; len -= n, offset += n) {
		n = min_t(size_t, len, PAGE_SIZE - offset_in_page(offset));
		bad += vom_dma_access(page_to_phys(im->pages[PHYS_PFN(offset)]) +
				      offset_in_page(offset), n, VOM_CPU, value,
				      write);
	}
	return bad;
}

static inline void vom_im_write(struct vom_importers *im, unsigned long offset,
				size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(im->test, 0, vom_im_access(im, offset, len, value, true));
}

static inline void vom_im_expect(struct vom_importers *im, unsigned long offset,
				 size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(im->test, 0, vom_im_access(im, offset, len, value, false));
}

/* Some of the buffer, by a device, where it is told that it is */
static inline size_t vom_importer_access(struct vom_importers *im, unsigned int i,
					 unsigned long offset, size_t len,
					 u8 value, bool write)
{
	struct scatterlist *sg;
	size_t n, bad = 0;
	unsigned int j;

	for_each_sgtable_dma_sg(im->sgt[i], sg, j) {
		if (offset >= sg_dma_len(sg)) {
			offset -= sg_dma_len(sg);
			continue;
		}
		n = min_t(size_t, len, sg_dma_len(sg) - offset);
		bad += vom_dma_access(vom_dma_phys(sg_dma_address(sg)) + offset,
				      n, i, value, write);
		len -= n;
		offset = 0;
		if (!len)
			break;
	}
	return bad + len;
}

static inline void vom_importer_write(struct vom_importers *im, unsigned int i,
				      unsigned long offset, size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(im->test, 0,
			vom_importer_access(im, i, offset, len, value, true));
}

static inline void vom_importer_expect(struct vom_importers *im, unsigned int i,
				       unsigned long offset, size_t len, u8 value)
{
	KUNIT_EXPECT_EQ(im->test, 0,
			vom_importer_access(im, i, offset, len, value, false));
}

/* Both capture, by turns; the CPU reads each frame and then the memory is theirs */
static inline void vom_importers_capture(struct vom_importers *im)
{
	u8 frame;

	vom_importer_map(im, 0, DMA_FROM_DEVICE);
	vom_importer_map(im, 1, DMA_FROM_DEVICE);
	for (frame = 1; frame <= VOM_FRAMES; frame++) {
		vom_importer_write(im, frame % 2, 0, VOM_SIZE, frame);
		vom_begin(im, DMA_FROM_DEVICE);
		vom_im_expect(im, 0, VOM_SIZE, frame);
		vom_end(im, DMA_FROM_DEVICE);
	}
	/* What is captured last comes out of the mapping when that is undone */
	vom_importer_write(im, 0, 0, VOM_SIZE, frame);
	vom_importer_unmap(im, 0);
	vom_importer_unmap(im, 1);
	vom_im_expect(im, 0, VOM_SIZE, frame);
}

/* The CPU draws, and both play each frame */
static inline void vom_importers_play(struct vom_importers *im)
{
	u8 frame;

	vom_im_write(im, 0, VOM_SIZE, 0x80);
	vom_importer_map(im, 0, DMA_TO_DEVICE);
	vom_importer_map(im, 1, DMA_TO_DEVICE);
	vom_importer_expect(im, 0, 0, VOM_SIZE, 0x80);
	vom_importer_expect(im, 1, 0, VOM_SIZE, 0x80);
	for (frame = 1; frame <= VOM_FRAMES; frame++) {
		vom_begin(im, DMA_TO_DEVICE);
		vom_im_write(im, 0, VOM_SIZE, frame);
		vom_end(im, DMA_TO_DEVICE);
		vom_importer_expect(im, 0, 0, VOM_SIZE, frame);
		vom_importer_expect(im, 1, 0, VOM_SIZE, frame);
	}
	vom_importer_unmap(im, 0);
	vom_importer_unmap(im, 1);
	vom_im_expect(im, 0, VOM_SIZE, VOM_FRAMES);
}

/* One captures, the CPU draws over half of the frame, and the other plays all */
static inline void vom_importers_convert(struct vom_importers *im)
{
	const size_t half = VOM_SIZE / 2;
	u8 frame;

	vom_importer_map(im, 0, DMA_TO_DEVICE);
	vom_importer_map(im, 1, DMA_FROM_DEVICE);
	for (frame = 1; frame <= VOM_FRAMES; frame++) {
		vom_importer_write(im, 1, 0, VOM_SIZE, frame);
		vom_begin(im, DMA_BIDIRECTIONAL);
		vom_im_expect(im, 0, VOM_SIZE, frame);
		vom_im_write(im, half, half, 0x80 + frame);
		vom_end(im, DMA_BIDIRECTIONAL);
		vom_importer_expect(im, 0, 0, half, frame);
		vom_importer_expect(im, 0, half, half, 0x80 + frame);
	}
	vom_importer_unmap(im, 1);
	vom_im_expect(im, half, half, 0x80 + VOM_FRAMES);
	vom_importer_unmap(im, 0);
}

/* The CPU writes a part of the buffer, and the devices go on with all of it */
static inline void vom_importers_both_ways(struct vom_importers *im)
{
	const size_t half = VOM_SIZE / 2;
	u8 frame;

	vom_importer_map(im, 0, DMA_BIDIRECTIONAL);
	vom_importer_map(im, 1, DMA_BIDIRECTIONAL);
	for (frame = 1; frame <= VOM_FRAMES; frame++) {
		vom_importer_write(im, 0, 0, half, frame);
		vom_importer_write(im, 1, half, half, 0x40 + frame);
		vom_begin(im, DMA_FROM_DEVICE);
		vom_im_expect(im, 0, half, frame);
		vom_im_expect(im, half, half, 0x40 + frame);
		vom_end(im, DMA_FROM_DEVICE);
		vom_begin(im, DMA_TO_DEVICE);
		vom_im_write(im, half, half, 0x80 + frame);
		vom_end(im, DMA_TO_DEVICE);
		vom_importer_expect(im, 0, half, half, 0x80 + frame);
		vom_importer_expect(im, 1, 0, half, frame);
	}
	vom_importer_unmap(im, 0);
	vom_importer_unmap(im, 1);
	vom_im_expect(im, half, half, 0x80 + VOM_FRAMES);
}

/* Who comes late is synced as well, and so is who stays when the other has gone */
static inline void vom_importers_come_and_go(struct vom_importers *im)
{
	vom_importer_map(im, 0, DMA_FROM_DEVICE);
	vom_importer_write(im, 0, 0, VOM_SIZE, 1);
	vom_importer_map(im, 1, DMA_FROM_DEVICE);
	vom_begin(im, DMA_FROM_DEVICE);
	vom_im_expect(im, 0, VOM_SIZE, 1);
	vom_end(im, DMA_FROM_DEVICE);
	vom_importer_unmap(im, 0);
	vom_importer_write(im, 1, 0, VOM_SIZE, 2);
	vom_begin(im, DMA_FROM_DEVICE);
	vom_im_expect(im, 0, VOM_SIZE, 2);
	vom_end(im, DMA_FROM_DEVICE);
	vom_importer_write(im, 1, 0, VOM_SIZE, 3);
	vom_importer_unmap(im, 1);
	vom_im_expect(im, 0, VOM_SIZE, 3);
}

#endif
