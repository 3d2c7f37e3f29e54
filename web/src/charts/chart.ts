// This file alone imports chart.js, and it is loaded when a chart is first shown. A chart must
// never be given `$state` proxies, which it would change.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip } from 'chart.js';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);
export { Chart };
