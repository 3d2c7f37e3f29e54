package shop;

import org.springframework.amqp.rabbit.annotation.RabbitListener;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnExpression;
import org.springframework.stereotype.Component;

@Component
@ConditionalOnExpression("'${ROLE}' == 'payment' and '${OVER}' == 'rabbit'")
class RabbitPayment {
  private final RabbitTemplate rabbit;

  RabbitPayment(RabbitTemplate rabbit) {
    this.rabbit = rabbit;
  }

  @RabbitListener(queues = "${PREFIX}.orders")
  void charge(Order order) throws Exception {
    Thread.sleep(20);
    rabbit.convertAndSend(System.getenv("PREFIX") + ".payments", order);
  }
}

@Component
@ConditionalOnExpression("'${ROLE}' == 'shipping' and '${OVER}' == 'rabbit'")
class RabbitShipping {
  @RabbitListener(queues = "${PREFIX}.payments")
  void ship(Order order) throws Exception {
    Thread.sleep(20);
  }
}
