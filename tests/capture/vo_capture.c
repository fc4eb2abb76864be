// SPDX-License-Identifier: GPL-2.0
/*
 * V4L2 capture and output devices for tests, on QEMU's "edu" PCI device.
 *
 * Each edu becomes one video node. Its queue uses the memops that the parameter
 * names, and its frames are drawn by edu's DMA engine through the addresses that
 * videobuf2 gives for the device; with vmalloc by the CPU. Buffers are done in
 * the interrupt handler.
 *
 * With "out-" before its memops a node is an output: the engine reads the frames,
 * and read() of the node tells what it has seen of the last one.
 *
 * Without a queue a capture draws into memory that its owner may take back, whose
 * address is written to the node: see vo_capture.h.
 *
 * The driver never looks at the pages of a table: memory of an owner has none.
 */
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>
#include <media/v4l2-device.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-v4l2.h>
#include <media/videobuf2-vma-pin.h>
#include <media/videobuf2-vmalloc.h>

#include "vo_capture.h"

#define VO_NAME		"vo_capture"
#define VO_DEVICES	8
#define VO_OUT		"out-"

/* Registers of edu, QEMU's docs/specs/edu.txt */
#define EDU_IRQ_STATUS	0x24
#define EDU_IRQ_RAISE	0x60
#define EDU_IRQ_ACK	0x64
#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START		0x1
#define EDU_DMA_TO_MEMORY	0x2
#define EDU_DMA_IRQ		0x4
#define EDU_IRQ_DMA		0x100
#define EDU_IRQ_DRAW		0x1
#define EDU_MEMORY		0x40000

/* A page's worth at once would end one byte beyond what edu takes. */
#define VO_CHUNK	2048
#define VO_TEXELS	(VO_PERIOD + VO_CHUNK)
#define VO_DMA_TIMEOUT	(10 * HZ)	/* emulated machines may be slow */

#define VO_WIDTH	64
#define VO_HEIGHT	96
#define VO_MAX_SIDE	8192u
#define VO_MAX_SIZE	(VO_MAX_SIDE * VO_MAX_SIDE)

/* What an output node has seen */
#define VO_SEEN		(4 * PAGE_SIZE)

static char *memops[VO_DEVICES] = { "contig", "sg", "vmalloc" };
static int memops_count = 3;
module_param_array(memops, charp, &memops_count, 0444);
MODULE_PARM_DESC(memops, "contig, sg or vmalloc, or out- and one of them, for each device, over and over");

static unsigned int dma_mask[VO_DEVICES] = { 64 };
static int dma_mask_count = 1;
module_param_array(dma_mask, uint, &dma_mask_count, 0444);
MODULE_PARM_DESC(dma_mask, "bits of a DMA address that each device drives, over and over");

static unsigned int max_seg[VO_DEVICES] = { UINT_MAX };
static int max_seg_count = 1;
module_param_array(max_seg, uint, &max_seg_count, 0444);
MODULE_PARM_DESC(max_seg, "bytes of a segment that each device takes, over and over");

static bool need_pages;
module_param(need_pages, bool, 0644);
MODULE_PARM_DESC(need_pages, "take only tables with pages, as a driver that reads them does");

static bool hasty;
module_param(hasty, bool, 0644);
MODULE_PARM_DESC(hasty, "let go of revoked memory with a transfer under way, as no driver may");

static DEFINE_IDA(vo_ids);

struct vo_buffer {
	struct vb2_v4l2_buffer	vb;
	struct list_head	node;
};

/**
 * struct vo_device - one edu, one node
 * @v4l2: lives as long as somebody has the node open
 * @vdev: the node
 * @queue: its queue
 * @lock: serialises ioctls and guards the format
 * @pci: the edu
 * @regs: its registers
 * @id: which of the devices this is
 * @width: bytes per line
 * @height: lines
 * @stride: bytes from line to line
 * @idle: woken when the engine stops
 * @irq_lock: guards what follows against the interrupt handler
 * @queued: buffers to draw
 * @buf: the one being drawn
 * @sg: where @buf goes on; with contig an entry of the driver's own
 * @sg_start: where in @buf that begins
 * @done: bytes of the picture drawn, or read
 * @held: bytes read that are still in the edu's memory
 * @contig: the one entry of a contig buffer
 * @sequence: of the next frame
 * @busy: the engine runs
 * @stopping: draw no more
 * @loaded: @texels are in the edu, and stay there
 * @texels: what is loaded into the edu
 * @texels_dma: DMA address of @texels
 * @output: the engine reads frames
 * @seen: what it read
 * @seen_dma: DMA address of @seen
 * @seen_len: bytes of the last frame in @seen
 * @pin: memory to draw into without a queue
 * @drawer: the file that @pin is of, or NULL
 * @pinned: its table
 * @drawing: the engine is meant to draw into @pin; guarded by irq_lock
 */
struct vo_device {
	struct v4l2_device	v4l2;
	struct video_device	vdev;
	struct vb2_queue	queue;
	struct mutex		lock;	/* see above */
	struct pci_dev		*pci;
	void __iomem		*regs;
	int			id;
	unsigned int		width;
	unsigned int		height;
	unsigned int		stride;
	wait_queue_head_t	idle;

	spinlock_t		irq_lock;	/* see above */
	struct list_head	queued;
	struct vo_buffer	*buf;
	struct scatterlist	*sg;
	unsigned int		sg_start;
	unsigned int		done;
	unsigned int		held;
	struct scatterlist	contig;
	unsigned int		sequence;
	bool			busy;
	bool			stopping;
	bool			loaded;

	u8			*texels;
	dma_addr_t		texels_dma;

	bool			output;
	u8			*seen;
	dma_addr_t		seen_dma;
	unsigned int		seen_len;

	struct vma_pin		pin;
	struct file		*drawer;
	struct scatterlist	*pinned;
	bool			drawing;
};

/* Of the picture */
static unsigned int vo_texels(const struct vo_device *vo)
{
	return vo->width * vo->height;
}

/* Where byte @i of the picture is in a buffer */
static unsigned int vo_place(const struct vo_device *vo, unsigned int i)
{
	return i / vo->width * vo->stride + i % vo->width;
}

static unsigned int vo_size(const struct vo_device *vo)
{
	return vo_place(vo, vo_texels(vo) - 1) + 1;
}

/* ------------------------------------------------------------------------- */
/* The engine                                                                */

static void vo_transfer(struct vo_device *vo, dma_addr_t src, dma_addr_t dst,
			u32 count, u32 cmd)
{
	vo->busy = true;
	writeq(src, vo->regs + EDU_DMA_SRC);
	writeq(dst, vo->regs + EDU_DMA_DST);
	writeq(count, vo->regs + EDU_DMA_COUNT);
	writeq(cmd | EDU_DMA_START | EDU_DMA_IRQ, vo->regs + EDU_DMA_CMD);
}

static void vo_load_texels(struct vo_device *vo)
{
	vo_transfer(vo, vo->texels_dma, EDU_MEMORY, VO_TEXELS, 0);
}

/* As far as the picture has no gap */
static unsigned int vo_left(const struct vo_device *vo)
{
	if (vo->stride == vo->width)
		return vo_texels(vo) - vo->done;
	return vo->width - vo->done % vo->width;
}

/* Where the next piece of the frame is, and how long: as much as a segment has */
static dma_addr_t vo_next_chunk(struct vo_device *vo, u32 *n)
{
	unsigned int at = vo_place(vo, vo->done);

	while (at - vo->sg_start >= sg_dma_len(vo->sg)) {
		vo->sg_start += sg_dma_len(vo->sg);
		vo->sg = sg_next(vo->sg);
	}
	at -= vo->sg_start;
	*n = min3(vo_left(vo), (u32)VO_CHUNK, sg_dma_len(vo->sg) - at);
	return sg_dma_address(vo->sg) + at;
}

static void vo_draw_chunk(struct vo_device *vo)
{
	dma_addr_t to;
	u32 n;

	to = vo_next_chunk(vo, &n);
	vo_transfer(vo, EDU_MEMORY + vo_phase(vo->sequence, vo->done), to, n,
		    EDU_DMA_TO_MEMORY);
	vo->done += n;
}

/* Into the edu's memory, and in a second transfer from there to @seen */
static void vo_read_chunk(struct vo_device *vo)
{
	dma_addr_t from;

	if (vo->held) {
		vo_transfer(vo, EDU_MEMORY, vo->seen_dma + vo->done, vo->held,
			    EDU_DMA_TO_MEMORY);
		vo->done += vo->held;
		vo->held = 0;
		return;
	}
	from = vo_next_chunk(vo, &vo->held);
	vo_transfer(vo, from, EDU_MEMORY, vo->held, 0);
}

static void vo_move_chunk(struct vo_device *vo)
{
	if (vo->output)
		vo_read_chunk(vo);
	else
		vo_draw_chunk(vo);
}

static void vo_move_by_cpu(struct vo_device *vo)
{
	u8 *frame = vb2_plane_vaddr(&vo->buf->vb.vb2_buf, 0);
	unsigned int i;

	for (i = 0; i < vo_texels(vo); i++)
		if (vo->output)
			vo->seen[i] = frame[vo_place(vo, i)];
		else
			frame[vo_place(vo, i)] =
				vo->texels[vo_phase(vo->sequence, i)];
	vo->done = i;
}

static void vo_begin_frame(struct vo_device *vo)
{
	struct vb2_buffer *vb = &vo->buf->vb.vb2_buf;

	vo->done = 0;
	vo->held = 0;
	vo->sg_start = 0;
	if (vo->queue.mem_ops == &vb2_vmalloc_memops) {
		vo->busy = true;
		writel(EDU_IRQ_DRAW, vo->regs + EDU_IRQ_RAISE);
		return;
	}
	if (vo->queue.mem_ops == &vb2_dma_contig_memops) {
		sg_init_table(&vo->contig, 1);
		sg_dma_address(&vo->contig) =
			vb2_dma_contig_plane_dma_addr(vb, 0);
		sg_dma_len(&vo->contig) = vo_size(vo);
		vo->sg = &vo->contig;
	} else {
		vo->sg = vb2_dma_sg_plane_desc(vb, 0)->sgl;
	}
	vo_move_chunk(vo);
}

static void vo_end_frame(struct vo_device *vo)
{
	struct vb2_v4l2_buffer *vb = &vo->buf->vb;

	vb->sequence = vo->sequence++;
	vb->field = V4L2_FIELD_NONE;
	vb->vb2_buf.timestamp = ktime_get_ns();
	if (vo->output)
		vo->seen_len = vo_texels(vo);
	else
		vb2_set_plane_payload(&vb->vb2_buf, 0, vo_size(vo));
	vo->buf = NULL;
	vb2_buffer_done(&vb->vb2_buf, VB2_BUF_STATE_DONE);
}

/* Frame after frame, from where it was stopped on */
static void vo_draw_pinned(struct vo_device *vo)
{
	if (vo->done == vo_texels(vo)) {
		vo->sequence++;
		vo->done = 0;
		vo->sg = vo->pinned;
		vo->sg_start = 0;
	}
	vo_draw_chunk(vo);
}

/* Called with irq_lock held, the engine at rest */
static void vo_go_on(struct vo_device *vo)
{
	vo->busy = false;
	if (vo->stopping) {
		wake_up(&vo->idle);
		return;
	}
	if (vo->drawing) {
		vo_draw_pinned(vo);
		return;
	}
	if (vo->buf && vo->done < vo_texels(vo)) {
		vo_move_chunk(vo);
		return;
	}
	if (vo->buf)
		vo_end_frame(vo);
	vo->buf = list_first_entry_or_null(&vo->queued, struct vo_buffer, node);
	if (!vo->buf)
		return;
	list_del(&vo->buf->node);
	vo_begin_frame(vo);
}

static irqreturn_t vo_interrupt(int irq, void *data)
{
	struct vo_device *vo = data;
	u32 status = readl(vo->regs + EDU_IRQ_STATUS);

	if (!status)
		return IRQ_NONE;
	writel(status, vo->regs + EDU_IRQ_ACK);

	guard(spinlock)(&vo->irq_lock);
	if (status & EDU_IRQ_DRAW && vo->buf && !vo->stopping)
		vo_move_by_cpu(vo);
	if (vo->busy)
		vo_go_on(vo);
	return IRQ_HANDLED;
}

/* Nothing is transferred once this is back */
static void vo_stop_engine(struct vo_device *vo)
{
	scoped_guard(spinlock_irqsave, &vo->irq_lock)
		vo->stopping = true;
	if (!wait_event_timeout(vo->idle, !READ_ONCE(vo->busy), VO_DMA_TIMEOUT))
		dev_err(&vo->pci->dev, "the engine does not stop\n");
}

/* ------------------------------------------------------------------------- */
/* Memory that its owner may take back                                       */

/* Called with the lock of the pin held */
static int vo_go_on_drawing(struct vo_device *vo)
{
	struct sg_table *sgt = vma_pin_map_dma(&vo->pin, DMA_FROM_DEVICE);

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	vma_pin_sync_for_device_locked(&vo->pin);
	guard(spinlock_irqsave)(&vo->irq_lock);
	if (!vo->drawing)
		return 0;
	vo->pinned = sgt->sgl;
	vo->sg = vo->pinned;
	vo->sg_start = 0;
	vo->stopping = false;
	vo_go_on(vo);
	return 0;
}

static void vo_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct vo_device *vo = container_of(pin, struct vo_device, pin);

	if (!hasty) {
		vo_stop_engine(vo);
		return;
	}
	guard(spinlock_irqsave)(&vo->irq_lock);
	vo->stopping = true;
}

static int vo_restore(struct vma_pin *pin)
{
	struct vo_device *vo = container_of(pin, struct vo_device, pin);

	return READ_ONCE(vo->drawing) ? vo_go_on_drawing(vo) : 0;
}

static const struct vma_pin_client vo_client = {
	.name		= VO_NAME,
	.invalidate	= vo_invalidate,
	.restore	= vo_restore,
};

static void vo_unpin(struct vo_device *vo)
{
	/* No restore starts it again */
	scoped_guard(spinlock_irqsave, &vo->irq_lock)
		vo->drawing = false;
	vo_stop_engine(vo);
	vma_unpin(&vo->pin);
}

static int vo_pin(struct vo_device *vo, const struct vo_target *to)
{
	int ret = vma_pin_user(&vo->pin, to->addr, to->len, VMA_PIN_WRITE,
			       &vo_client);

	if (ret)
		return ret;
	ret = vma_pin_attach(&vo->pin, &vo->pci->dev);
	if (!ret)
		ret = vma_pin_lock(&vo->pin);
	if (!ret) {
		/* From here on restore does it */
		vo->drawing = true;
		ret = vo_go_on_drawing(vo);
		vma_pin_unlock(&vo->pin);
	}
	if (ret)
		vo_unpin(vo);
	return ret;
}

/* The rest is what any drawing needs; called with the lock of the node held */

static void vo_stop_drawing(struct vo_device *vo)
{
	if (vo->drawer)
		vo_unpin(vo);
	vo->drawer = NULL;
}

static int vo_start_drawing(struct vo_device *vo, const struct vo_target *to)
{
	if (vo->output || vo->queue.mem_ops == &vb2_vmalloc_memops ||
	    to->len < vo_size(vo))
		return -EINVAL;
	scoped_guard(spinlock_irqsave, &vo->irq_lock) {
		vo->stopping = true;
		vo->sequence = 0;
		vo->done = 0;
		vo_load_texels(vo);
	}
	vo_stop_engine(vo);
	return vo_pin(vo, to);
}

static ssize_t vo_write(struct file *file, const char __user *from, size_t len,
			loff_t *pos)
{
	struct vo_device *vo = video_drvdata(file);
	struct vo_target to;
	int ret = 0;

	if (len != sizeof(to) || copy_from_user(&to, from, len))
		return -EFAULT;
	guard(mutex)(&vo->lock);
	if (!video_is_registered(&vo->vdev))
		return -ENODEV;
	if (vb2_is_busy(&vo->queue) || (vo->drawer && vo->drawer != file))
		return -EBUSY;
	vo_stop_drawing(vo);
	if (to.len)
		ret = vo_start_drawing(vo, &to);
	if (ret)
		return ret;
	vo->drawer = to.len ? file : NULL;
	return len;
}

static ssize_t vo_read_progress(struct vo_device *vo, char __user *to,
				size_t len)
{
	struct vo_progress progress;

	scoped_guard(spinlock_irqsave, &vo->irq_lock) {
		progress.sequence = vo->sequence;
		progress.done = vo->done;
	}
	if (len != sizeof(progress) || copy_to_user(to, &progress, len))
		return -EFAULT;
	return len;
}

static int vo_close(struct file *file)
{
	struct vo_device *vo = video_drvdata(file);

	scoped_guard(mutex, &vo->lock)
		if (vo->drawer == file)
			vo_stop_drawing(vo);
	return vb2_fop_release(file);
}

/* ------------------------------------------------------------------------- */
/* The queue                                                                 */

static struct vo_buffer *vo_buffer_of(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct vo_buffer, vb);
}

static int vo_queue_setup(struct vb2_queue *q, unsigned int *num_buffers,
			  unsigned int *num_planes, unsigned int sizes[],
			  struct device *alloc_devs[])
{
	struct vo_device *vo = vb2_get_drv_priv(q);

	if (vo->drawer)
		return -EBUSY;
	if (vo->output && vo_texels(vo) > VO_SEEN)
		return -EINVAL;
	if (*num_planes)
		return sizes[0] < vo_size(vo) ? -EINVAL : 0;
	*num_planes = 1;
	sizes[0] = vo_size(vo);
	return 0;
}

static int vo_buf_init(struct vb2_buffer *vb)
{
	struct vo_device *vo = vb2_get_drv_priv(vb->vb2_queue);

	if (!need_pages || vo->queue.mem_ops != &vb2_dma_sg_memops)
		return 0;
	return vb2_sgt_need_pages(vb2_dma_sg_plane_desc(vb, 0));
}

static int vo_buf_prepare(struct vb2_buffer *vb)
{
	struct vo_device *vo = vb2_get_drv_priv(vb->vb2_queue);

	return vb2_plane_size(vb, 0) < vo_size(vo) ? -EINVAL : 0;
}

static void vo_buf_queue(struct vb2_buffer *vb)
{
	struct vo_device *vo = vb2_get_drv_priv(vb->vb2_queue);

	guard(spinlock_irqsave)(&vo->irq_lock);
	list_add_tail(&vo_buffer_of(vb)->node, &vo->queued);
	if (vb2_start_streaming_called(vb->vb2_queue) && !vo->busy)
		vo_go_on(vo);
}

static int vo_start_streaming(struct vb2_queue *q, unsigned int count)
{
	struct vo_device *vo = vb2_get_drv_priv(q);

	guard(spinlock_irqsave)(&vo->irq_lock);
	vo->sequence = 0;
	vo->stopping = false;
	if (vo->loaded || vo->output || q->mem_ops == &vb2_vmalloc_memops) {
		vo_go_on(vo);
		return 0;
	}
	vo_load_texels(vo);
	vo->loaded = true;
	return 0;
}

static void vo_stop_streaming(struct vb2_queue *q)
{
	struct vo_device *vo = vb2_get_drv_priv(q);
	struct vo_buffer *buf, *next;

	vo_stop_engine(vo);

	guard(spinlock_irqsave)(&vo->irq_lock);
	if (vo->buf)
		list_add(&vo->buf->node, &vo->queued);
	vo->buf = NULL;
	list_for_each_entry_safe(buf, next, &vo->queued, node) {
		list_del(&buf->node);
		vb2_buffer_done(&buf->vb.vb2_buf, VB2_BUF_STATE_ERROR);
	}
}

static const struct vb2_ops vo_queue_ops = {
	.queue_setup		= vo_queue_setup,
	.buf_init		= vo_buf_init,
	.buf_prepare		= vo_buf_prepare,
	.buf_queue		= vo_buf_queue,
	.start_streaming	= vo_start_streaming,
	.stop_streaming		= vo_stop_streaming,
};

/* ------------------------------------------------------------------------- */
/* The node                                                                  */

static int vo_querycap(struct file *file, void *priv,
		       struct v4l2_capability *cap)
{
	strscpy(cap->driver, VO_NAME, sizeof(cap->driver));
	strscpy(cap->card, video_devdata(file)->name, sizeof(cap->card));
	return 0;
}

static int vo_enum_fmt(struct file *file, void *priv, struct v4l2_fmtdesc *f)
{
	if (f->index)
		return -EINVAL;
	f->pixelformat = V4L2_PIX_FMT_GREY;
	return 0;
}

static void vo_fill_fmt(struct v4l2_format *f, u32 width, u32 height,
			u32 stride)
{
	f->fmt.pix = (struct v4l2_pix_format) {
		.width		= width,
		.height		= height,
		.pixelformat	= V4L2_PIX_FMT_GREY,
		.field		= V4L2_FIELD_NONE,
		.bytesperline	= stride,
		.sizeimage	= stride * (height - 1) + width,
		.colorspace	= V4L2_COLORSPACE_RAW,
	};
}

static int vo_g_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct vo_device *vo = video_drvdata(file);

	vo_fill_fmt(f, vo->width, vo->height, vo->stride);
	return 0;
}

static int vo_try_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	u32 width = clamp(f->fmt.pix.width, 1u, VO_MAX_SIDE);
	u32 height = clamp(f->fmt.pix.height, 1u, VO_MAX_SIDE);
	u32 stride = clamp(f->fmt.pix.bytesperline, width, VO_MAX_SIZE / height);

	vo_fill_fmt(f, width, height, stride);
	return 0;
}

static int vo_s_fmt(struct file *file, void *priv, struct v4l2_format *f)
{
	struct vo_device *vo = video_drvdata(file);

	if (vb2_is_busy(&vo->queue) || vo->drawer)
		return -EBUSY;
	vo_try_fmt(file, priv, f);
	vo->width = f->fmt.pix.width;
	vo->height = f->fmt.pix.height;
	vo->stride = f->fmt.pix.bytesperline;
	return 0;
}

static int vo_enum_input(struct file *file, void *priv, struct v4l2_input *in)
{
	if (in->index)
		return -EINVAL;
	in->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(in->name, "edu", sizeof(in->name));
	return 0;
}

static int vo_g_input(struct file *file, void *priv, unsigned int *i)
{
	*i = 0;
	return 0;
}

static int vo_s_input(struct file *file, void *priv, unsigned int i)
{
	return i ? -EINVAL : 0;
}

static int vo_enum_output(struct file *file, void *priv,
			  struct v4l2_output *out)
{
	if (out->index)
		return -EINVAL;
	out->type = V4L2_OUTPUT_TYPE_ANALOG;
	strscpy(out->name, "edu", sizeof(out->name));
	return 0;
}

static const struct v4l2_ioctl_ops vo_ioctl_ops = {
	.vidioc_querycap		= vo_querycap,
	.vidioc_enum_fmt_vid_cap	= vo_enum_fmt,
	.vidioc_g_fmt_vid_cap		= vo_g_fmt,
	.vidioc_s_fmt_vid_cap		= vo_s_fmt,
	.vidioc_try_fmt_vid_cap		= vo_try_fmt,
	.vidioc_enum_input		= vo_enum_input,
	.vidioc_g_input			= vo_g_input,
	.vidioc_s_input			= vo_s_input,
	.vidioc_enum_fmt_vid_out	= vo_enum_fmt,
	.vidioc_g_fmt_vid_out		= vo_g_fmt,
	.vidioc_s_fmt_vid_out		= vo_s_fmt,
	.vidioc_try_fmt_vid_out		= vo_try_fmt,
	.vidioc_enum_output		= vo_enum_output,
	.vidioc_g_output		= vo_g_input,
	.vidioc_s_output		= vo_s_input,
	.vidioc_reqbufs			= vb2_ioctl_reqbufs,
	.vidioc_create_bufs		= vb2_ioctl_create_bufs,
	.vidioc_prepare_buf		= vb2_ioctl_prepare_buf,
	.vidioc_querybuf		= vb2_ioctl_querybuf,
	.vidioc_qbuf			= vb2_ioctl_qbuf,
	.vidioc_dqbuf			= vb2_ioctl_dqbuf,
	.vidioc_expbuf			= vb2_ioctl_expbuf,
	.vidioc_streamon		= vb2_ioctl_streamon,
	.vidioc_streamoff		= vb2_ioctl_streamoff,
};

/* What the engine has seen of the last frame that it read, or has drawn */
static ssize_t vo_read(struct file *file, char __user *to, size_t len,
		       loff_t *pos)
{
	struct vo_device *vo = video_drvdata(file);
	loff_t start = 0;

	if (!vo->output)
		return vo_read_progress(vo, to, len);
	return simple_read_from_buffer(to, len, &start, vo->seen, vo->seen_len);
}

static const struct v4l2_file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.open		= v4l2_fh_open,
	.release	= vo_close,
	.read		= vo_read,
	.write		= vo_write,
	.poll		= vb2_fop_poll,
	.mmap		= vb2_fop_mmap,
	.unlocked_ioctl	= video_ioctl2,
};

/* ------------------------------------------------------------------------- */
/* Probe and remove                                                          */

static const char *vo_memops_name(const struct vo_device *vo)
{
	return memops[vo->id % memops_count];
}

static const struct vb2_mem_ops *vo_memops(const char *name)
{
	if (!strcmp(name, "contig"))
		return &vb2_dma_contig_memops;
	if (!strcmp(name, "sg"))
		return &vb2_dma_sg_memops;
	if (!strcmp(name, "vmalloc"))
		return &vb2_vmalloc_memops;
	return NULL;
}

static int vo_init_queue(struct vo_device *vo)
{
	struct vb2_queue *q = &vo->queue;

	q->type = vo->output ? V4L2_BUF_TYPE_VIDEO_OUTPUT :
			       V4L2_BUF_TYPE_VIDEO_CAPTURE;
	q->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF;
	q->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	q->buf_struct_size = sizeof(struct vo_buffer);
	q->drv_priv = vo;
	q->ops = &vo_queue_ops;
	q->mem_ops = vo_memops(vo_memops_name(vo) +
			       (vo->output ? strlen(VO_OUT) : 0));
	/* so that MMAP buffers may be had that are not coherent */
	q->allow_cache_hints = true;
	q->lock = &vo->lock;
	q->dev = &vo->pci->dev;
	if (!q->mem_ops)
		return -EINVAL;
	return vb2_queue_init(q);
}

static int vo_register_node(struct vo_device *vo)
{
	struct video_device *vdev = &vo->vdev;

	snprintf(vdev->name, sizeof(vdev->name), VO_NAME "-%d-%s", vo->id,
		 vo_memops_name(vo));
	vdev->v4l2_dev = &vo->v4l2;
	vdev->queue = &vo->queue;
	vdev->lock = &vo->lock;
	vdev->fops = &vo_fops;
	vdev->ioctl_ops = &vo_ioctl_ops;
	vdev->release = video_device_release_empty;
	vdev->vfl_dir = vo->output ? VFL_DIR_TX : VFL_DIR_RX;
	vdev->device_caps = V4L2_CAP_STREAMING |
			    (vo->output ? V4L2_CAP_VIDEO_OUTPUT :
					  V4L2_CAP_VIDEO_CAPTURE);
	video_set_drvdata(vdev, vo);
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

static int vo_init_pci(struct vo_device *vo)
{
	unsigned int bits = dma_mask[vo->id % dma_mask_count];
	struct pci_dev *pci = vo->pci;
	int ret;

	ret = pcim_enable_device(pci);
	if (ret)
		return ret;
	vo->regs = pcim_iomap_region(pci, 0, VO_NAME);
	if (IS_ERR(vo->regs))
		return PTR_ERR(vo->regs);
	ret = dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(bits));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pci->dev, max_seg[vo->id % max_seg_count]);
	pci_set_master(pci);
	ret = pci_alloc_irq_vectors(pci, 1, 1, PCI_IRQ_MSI);
	return ret < 0 ? ret : 0;
}

static int vo_init_texels(struct vo_device *vo)
{
	unsigned int i;

	vo->texels = dmam_alloc_coherent(&vo->pci->dev, VO_TEXELS,
					 &vo->texels_dma, GFP_KERNEL);
	if (!vo->texels)
		return -ENOMEM;
	for (i = 0; i < VO_TEXELS; i++)
		vo->texels[i] = vo_texel(i);
	vo->seen = dmam_alloc_coherent(&vo->pci->dev, VO_SEEN, &vo->seen_dma,
				       GFP_KERNEL);
	return vo->seen ? 0 : -ENOMEM;
}

/* Nobody has the node open any more, be the driver bound or not */
static void vo_release(struct v4l2_device *v4l2)
{
	struct vo_device *vo = container_of(v4l2, struct vo_device, v4l2);

	v4l2_device_unregister(v4l2);
	mutex_destroy(&vo->lock);
	kfree(vo);
}

static struct vo_device *vo_create(struct pci_dev *pci)
{
	struct vo_device *vo = kzalloc_obj(*vo);

	if (!vo)
		return NULL;
	mutex_init(&vo->lock);
	spin_lock_init(&vo->irq_lock);
	init_waitqueue_head(&vo->idle);
	INIT_LIST_HEAD(&vo->queued);
	vo->pci = pci;
	vo->width = VO_WIDTH;
	vo->height = VO_HEIGHT;
	vo->stride = VO_WIDTH;
	return vo;
}

static int vo_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct vo_device *vo = vo_create(pci);
	int ret;

	if (!vo)
		return -ENOMEM;
	ret = v4l2_device_register(&pci->dev, &vo->v4l2);
	if (ret) {
		kfree(vo);
		return ret;
	}
	vo->v4l2.release = vo_release;

	ret = ida_alloc_max(&vo_ids, VO_DEVICES - 1, GFP_KERNEL);
	if (ret < 0)
		goto err_put;
	vo->id = ret;
	vo->output = !strncmp(vo_memops_name(vo), VO_OUT, strlen(VO_OUT));
	ret = vo_init_pci(vo);
	if (!ret)
		ret = vo_init_texels(vo);
	if (!ret)
		ret = vo_init_queue(vo);
	if (!ret)
		ret = request_irq(pci_irq_vector(pci, 0), vo_interrupt, 0,
				  VO_NAME, vo);
	if (ret)
		goto err_id;
	ret = vo_register_node(vo);
	if (!ret)
		return 0;

	free_irq(pci_irq_vector(pci, 0), vo);
err_id:
	ida_free(&vo_ids, vo->id);
err_put:
	v4l2_device_disconnect(&vo->v4l2);
	v4l2_device_put(&vo->v4l2);
	return ret;
}

static void vo_remove(struct pci_dev *pci)
{
	struct v4l2_device *v4l2 = pci_get_drvdata(pci);
	struct vo_device *vo = container_of(v4l2, struct vo_device, v4l2);

	vb2_video_unregister_device(&vo->vdev);
	scoped_guard(mutex, &vo->lock)
		vo_stop_drawing(vo);
	free_irq(pci_irq_vector(pci, 0), vo);
	ida_free(&vo_ids, vo->id);
	v4l2_device_disconnect(v4l2);
	v4l2_device_put(v4l2);
}

static const struct pci_device_id vo_table[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vo_table);

static struct pci_driver vo_driver = {
	.name		= VO_NAME,
	.id_table	= vo_table,
	.probe		= vo_probe,
	.remove		= vo_remove,
};
module_pci_driver(vo_driver);

MODULE_DESCRIPTION("V4L2 capture into memory by its DMA address, for tests");
MODULE_LICENSE("GPL");
