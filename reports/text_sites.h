/* text_sites.h: the allocation sites of LLVM IR, for people. Private to reports/. */
#ifndef VMO_REPORTS_TEXT_SITES_H
#define VMO_REPORTS_TEXT_SITES_H

#include "reports/reports.h"

/* "malloc, 24 bytes: to the stack" */
void vmo_describe_site(const vmo_site_fact *site, vmo_text *out);

/* A line or two for each site; of a summary the counts alone. */
void vmo_write_sites(const vmo_site_facts *facts, const vmo_text_style *style, bool summary, vmo_text *out);

#endif
