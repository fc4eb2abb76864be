/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DMA_BUF_VMA_OWNER_H
#define _DMA_BUF_VMA_OWNER_H

struct dma_buf;
struct file;

struct dma_buf *dma_buf_of_file(struct file *file);

#endif
