/** The package has types of BPMN's elements, and exports none for itself. */
declare module 'bpmn-moddle' {
  export class BpmnModdle {
    fromXML(text: string): Promise<{ rootElement: object }>;
  }
}
