/** The only import of chart.js; loaded when a chart is first shown. Never hand it `$state` proxies. */
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip } from 'chart.js';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);
export { Chart };
