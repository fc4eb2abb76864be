/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Exporters of dma-bufs keep a list of what their importers have mapped, to
 * sync it when the CPU accesses the memory.
 */
#ifndef _LINUX_DMA_BUF_SYNC_H
#define _LINUX_DMA_BUF_SYNC_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>

struct device;
struct sg_table;

/**
 * struct dma_buf_sync_list - what importers of one buffer have mapped
 * @lock: guards @tables
 * @tables: entries private to dma-buf-sync.c
 */
struct dma_buf_sync_list {
	struct mutex		lock;	/* see above */
	struct list_head	tables;
};

/**
 * dma_buf_sync_map_dir() - the direction to map a buffer with
 * @dir: what &dma_buf_ops.map_dma_buf is told
 *
 * A device may write less than all of the buffer. What the CPU writes elsewhere has
 * to be handed over as well, or a sync for the CPU brings back what was there
 * before; and the DMA API hands over what the device may read.
 *
 * Context: Any.
 * Return: The direction to map, sync and unmap with.
 */
static inline enum dma_data_direction
dma_buf_sync_map_dir(enum dma_data_direction dir)
{
	return dir == DMA_FROM_DEVICE ? DMA_BIDIRECTIONAL : dir;
}

void dma_buf_sync_init(struct dma_buf_sync_list *list);
int dma_buf_sync_add(struct dma_buf_sync_list *list, struct device *dev,
		     struct sg_table *sgt, enum dma_data_direction dir);
void dma_buf_sync_del(struct dma_buf_sync_list *list, struct sg_table *sgt);
void dma_buf_sync_for_cpu(struct dma_buf_sync_list *list,
			  enum dma_data_direction dir);
void dma_buf_sync_for_device(struct dma_buf_sync_list *list,
			     enum dma_data_direction dir);

#endif
