package shop;

import org.springframework.amqp.core.Queue;
import org.springframework.amqp.support.converter.Jackson2JsonMessageConverter;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.annotation.Bean;
import org.springframework.context.event.EventListener;

/** The services of a shop, over RabbitMQ and over Kafka. ROLE and OVER say which one this is. */
@SpringBootApplication
public class Main {
  public static void main(String[] args) {
    SpringApplication.run(Main.class, args);
  }

  @Bean
  Jackson2JsonMessageConverter converter() {
    return new Jackson2JsonMessageConverter();
  }

  @Bean
  Queue orders() {
    return new Queue(System.getenv("PREFIX") + ".orders", false, false, true);
  }

  @Bean
  Queue payments() {
    return new Queue(System.getenv("PREFIX") + ".payments", false, false, true);
  }

  @EventListener(ApplicationReadyEvent.class)
  void ready() {
    System.out.println("ready");
  }
}
