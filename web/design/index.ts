export { Button, IconButton, type ButtonProps } from "./button";
export { Dialog } from "./dialog";
export { Field, Select, TextField } from "./field";
export { Icon, type IconName } from "./icons";
export { Notice, type NoticeKind } from "./notice";
export { Progress } from "./progress";
export { applyTheme, chooseTheme, isDark, theme, type Theme } from "./theme";
