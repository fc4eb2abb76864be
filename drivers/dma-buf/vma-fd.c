// SPDX-License-Identifier: GPL-2.0
/*
 * From the address of a mapping to a file descriptor of the dma-buf behind it.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/security.h>
#include <linux/vma_owner.h>

static const struct vma_pin_client vma_fd_client = {
	.name = "dma-buf-fd",
};

/* If somebody else changes the mapping meanwhile, one moment is as good as another */
static int vma_fd_may_read(unsigned long start, size_t len)
{
	struct vma_pin pin;
	int ret = vma_pin_user(&pin, start, len, 0, &vma_fd_client);

	if (!ret)
		vma_unpin(&pin);
	return ret;
}

/* With the reference that the owner hands out, or an ERR_PTR */
static struct dma_buf *vma_fd_get(const struct vma_pin *pin)
{
	const struct vma_owner_obj_ops *ops = pin->ref.ops;
	struct dma_buf *dmabuf;

	if (!ops || !ops->get_dmabuf || ops->no_fd)
		return ERR_PTR(-EOPNOTSUPP);
	dmabuf = ops->get_dmabuf(pin->ref.obj);
	if (!dmabuf)
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(dmabuf) || (!pin->ref.offset && pin->len == dmabuf->size))
		return dmabuf;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

/**
 * dma_buf_fd_by_address() - give a file descriptor of the dma-buf that is mapped
 * @start: user address in the current process
 * @len: bytes from there on
 * @fd_flags: O_CLOEXEC or 0
 *
 * For interfaces that take dma-bufs by file descriptor only, and callers that were
 * handed nothing but an address. With the file all of the buffer can be mapped,
 * for reading and writing, handed on and kept. So who asks must have that in
 * his mapping already: it begins and ends with the buffer, and may be read and
 * written.
 *
 * Context: Process context, takes mmap_lock, may sleep.
 * Return: the descriptor; -EFAULT if he may not, or it is not the memory of one
 * owner; -EINVAL if it is a part of the buffer, or @fd_flags has others;
 * -EOPNOTSUPP for ordinary memory, and of an owner who has no dma-bufs, or none
 * for user space; or what a security module says of files that are received.
 */
int dma_buf_fd_by_address(unsigned long start, size_t len, int fd_flags)
{
	struct dma_buf *dmabuf;
	struct vma_pin pin;
	int ret;

	if (fd_flags & ~O_CLOEXEC)
		return -EINVAL;
	ret = vma_fd_may_read(start, len);
	if (!ret)
		ret = vma_pin_user(&pin, start, len, VMA_PIN_WRITE,
				   &vma_fd_client);
	if (ret)
		return ret;
	dmabuf = vma_fd_get(&pin);
	vma_unpin(&pin);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = security_file_receive(dmabuf->file);
	if (!ret)
		ret = dma_buf_fd(dmabuf, fd_flags);
	if (ret < 0)
		dma_buf_put(dmabuf);
	return ret;
}
EXPORT_SYMBOL_GPL(dma_buf_fd_by_address);
