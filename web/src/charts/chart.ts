// Only this file imports chart.js, and it is loaded when a chart is first shown. Never pass
// `$state` proxies to a chart, because chart.js would change them.
import { BarController, BarElement, CategoryScale, Chart, LinearScale, Tooltip } from 'chart.js';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);
export { Chart };
