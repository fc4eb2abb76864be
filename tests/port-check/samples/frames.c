// SPDX-License-Identifier: GPL-2.0
/*
 * What tests/port-check/run has to say of each line, and nothing of the others: not of
 * get_vaddr_frames() in a comment either. No file here is compiled.
 */
struct importer {
	struct frame_vector *frames;			/* expect: pin by Coccinelle */
	struct page **pages;
};

struct frame_vector *take(unsigned long start, unsigned int count);

struct frame_vector *take(unsigned long start, unsigned int count)
{
	struct frame_vector *frames;			/* expect: pin by Coccinelle */

	frames = frame_vector_create(count);		/* expect: pin */
	if (get_vaddr_frames(start, count, FOLL_WRITE,	/* expect: pin */
			     frames) < 0) {
		pr_err("get_vaddr_frames(%lx)\n", start);
		frame_vector_destroy(frames);		/* expect: pin */
		return NULL;
	}
	return frames;
}

void give_back(struct importer *importer)
{
	vb2_destroy_framevec(importer->frames);		/* expect: pin */
}
