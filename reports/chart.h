/* chart.h: live bytes over the program, as bars. Private to reports/. */
#ifndef VMO_REPORTS_CHART_H
#define VMO_REPORTS_CHART_H

#include "reports/model.h"

/* Writes the chart of a function whose loads are known. */
void vmo_write_chart(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out);

#endif
