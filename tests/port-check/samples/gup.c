// SPDX-License-Identifier: GPL-2.0
int kept(struct importer *importer, unsigned long addr, int count)
{
	return pin_user_pages_fast(addr, count, FOLL_WRITE,	/* expect: gup */
				   importer->pages);
}

int kept_as_get(struct importer *importer, unsigned long addr, int count)
{
	struct page **pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	int got = get_user_pages_unlocked(addr, count, pages, 0); /* expect: gup */

	importer->pages = pages;
	if (got < count)
		release_pages(pages, got);
	return got;
}

int kept_unless_short(struct importer *importer, unsigned long addr, int count)
{
	int got = pin_user_pages(addr, count, 0, importer->pages + 1, NULL); /* expect: gup */

	if (got < count)
		unpin_user_pages(importer->pages, got);
	return got;
}

int filled_for_the_caller(unsigned long addr, int count, struct page **pages)
{
	int got = pin_user_pages(addr, count, 0, pages);	/* expect: gup */

	if (got < count)
		unpin_user_pages(pages, got);
	return got;
}

int said(struct importer *importer, unsigned long addr, bool write)
{
	unsigned int flags = FOLL_LONGTERM;

	if (write)
		flags |= FOLL_WRITE;
	if (get_user_pages(addr, 1, FOLL_WRITE, importer->pages) == 1) /* expect: gup */
		return 1;
	return pin_user_pages_fast(addr, 1, flags, importer->pages); /* expect: safe */
}

int said_in_the_call(struct importer *importer, struct mm_struct *mm, unsigned long addr)
{
	return pin_user_pages_remote(mm, addr, 1,		/* expect: safe */
				     FOLL_WRITE | FOLL_LONGTERM,
				     importer->pages, NULL);
}

int for_a_moment(unsigned long addr)
{
	struct page *page;

	if (pin_user_pages_fast(addr, 1, FOLL_WRITE, &page) != 1) /* expect: safe */
		return -EFAULT;
	set_bit(0, page_address(page));
	unpin_user_pages(&page, 1);
	return 0;
}

void once(struct importer *importer)
{
	importer->flags = FOLL_LONGTERM;
}

int said_elsewhere(struct importer *importer, unsigned long addr)
{
	return pin_user_pages_fast(addr, 1, importer->flags,	/* expect: safe */
				   importer->pages);
}
