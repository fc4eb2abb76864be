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

void dma_buf_sync_init(struct dma_buf_sync_list *list);
int dma_buf_sync_add(struct dma_buf_sync_list *list, struct device *dev,
		     struct sg_table *sgt, enum dma_data_direction dir);
void dma_buf_sync_del(struct dma_buf_sync_list *list, struct sg_table *sgt);
void dma_buf_sync_for_cpu(struct dma_buf_sync_list *list,
			  enum dma_data_direction dir);
void dma_buf_sync_for_device(struct dma_buf_sync_list *list,
			     enum dma_data_direction dir);

#endif
