// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>

#include "frame.h"
#include "observe.h"
#include "video.h"

#define POISON	0xa5
#define FRAMES	3

void view_poison(const struct view *view)
{
	if (view->map)
		memset(view->map, POISON, view->size);
}

static bool is_poison(const unsigned char *bytes, size_t len)
{
	while (len && *bytes == POISON) {
		bytes++;
		len--;
	}
	return !len;
}

bool view_matches(const struct view *view, const unsigned char *reference)
{
	size_t end = view->offset + FRAME_SIZE;

	if (!view->map)
		return true;
	return !memcmp(view->map + view->offset, reference, FRAME_SIZE) &&
	       is_poison(view->map, view->offset) &&
	       is_poison(view->map + end, view->size - end);
}

static int queue_poisoned(int importer, void *target, const struct view *view)
{
	view_poison(view);
	return video_queue_user(importer, 0, target, FRAME_SIZE);
}

int capture_queue(int importer, void *target, const struct view *view)
{
	int ret = video_reqbufs(importer, V4L2_MEMORY_USERPTR, 1);

	return ret ? ret : queue_poisoned(importer, target, view);
}

int capture_start(int importer, void *target, const struct view *view)
{
	int ret = capture_queue(importer, target, view);

	if (!ret)
		ret = video_stream(importer, true);
	if (ret)
		capture_stop(importer);
	return ret;
}

int capture_last(int importer, const struct view *view,
		 const unsigned char *reference)
{
	int ret = video_dequeue(importer, V4L2_MEMORY_USERPTR);

	if (ret < 0)
		return ret;
	return view_matches(view, reference) ? 0 : -EBADMSG;
}

int capture_frame(int importer, void *target, const struct view *view,
		  const unsigned char *reference)
{
	int ret = capture_last(importer, view, reference);

	return ret ? ret : queue_poisoned(importer, target, view);
}

void capture_stop(int importer)
{
	video_stream(importer, false);
	video_reqbufs(importer, V4L2_MEMORY_USERPTR, 0);
}

int capture(int importer, void *target, const struct view *view,
	    const unsigned char *reference)
{
	int ret = capture_start(importer, target, view);
	int i;

	if (ret)
		return ret;
	for (i = 0; !ret && i < FRAMES; i++)
		ret = capture_frame(importer, target, view, reference);
	capture_stop(importer);
	return ret;
}

const char *capture_result(int ret)
{
	if (!ret)
		return "captured, content matches";
	if (ret == -EBADMSG)
		return "captured, content differs";
	return errno_name(-ret);
}
