/* text_figures.h: the figures of one function, for people. Private to reports/. */
#ifndef VMO_REPORTS_TEXT_FIGURES_H
#define VMO_REPORTS_TEXT_FIGURES_H

#include "reports/table.h"

/* A line for each figure with what it is, then the counts, and what a reader must know of the figures. */
void vmo_write_figures(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out);

#endif
