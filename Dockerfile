FROM node:22-bookworm-slim AS build
WORKDIR /source
COPY package.json package-lock.json ./
COPY instrumentation/package.json instrumentation/
COPY server/package.json server/
COPY web/package.json web/
COPY test/package.json test/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run pack:all -- /packed

# Debian, not Alpine: the embedded database engine needs glibc and does not run on musl.
FROM node:22-bookworm-slim
WORKDIR /fermata
COPY --from=build /packed /packed
# The demo's services use amqplib when they run over RabbitMQ.
RUN npm install --ignore-scripts --no-audit --no-fund /packed/*.tgz amqplib@2 \
  && rm -r /packed && mkdir /data && chown node /data
USER node
EXPOSE 4320 4318 4317
# The same values as in scripts/launch.js, which explains them. The image does not run that script.
ENV UV_THREADPOOL_SIZE=16 NODE_OPTIONS=--max-old-space-size=2000
CMD ["node", "--max-semi-space-size=64", "node_modules/fermata/server/dist/main.js"]
