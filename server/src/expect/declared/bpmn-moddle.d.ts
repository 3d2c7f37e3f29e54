/** Type declaration of `bpmn-moddle`, which comes without one. */
declare module 'bpmn-moddle' {
  export class BpmnModdle {
    fromXML(text: string): Promise<{ rootElement: object }>;
  }
}
