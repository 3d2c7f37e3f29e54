# glibc: the embedded engine does not run on musl.
FROM node:22-bookworm-slim
WORKDIR /fermata
COPY package.json package-lock.json ./
COPY instrumentation/package.json instrumentation/
COPY server/package.json server/
COPY web/package.json web/
COPY test/package.json test/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && mkdir /data && chown node /data
USER node
EXPOSE 4320 4318 4317
# As scripts/start.js gives them.
ENV UV_THREADPOOL_SIZE=16 NODE_OPTIONS=--max-old-space-size=2000
CMD ["node", "--max-semi-space-size=64", "server/dist/main.js"]
